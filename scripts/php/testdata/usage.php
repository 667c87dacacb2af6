<?php
// Existing code, as the contract has it.
use IkabudKernel\Core\VirtualProcessManager;

require 'VirtualProcessManager.php';
$kernel = new stdClass();
$id = $argv[1];

$manager = new VirtualProcessManager($kernel);          // namespace IkabudKernel\Core
$manager->startInstance($id); $manager->stopInstance($id); $manager->restartInstance($id);   // arrays as above
$status = $manager->getInstanceStatus($id);             // pid, status, mode, socket, started_at
$resources = $manager->getResourceUsage($id);           // memory, disk_usage, database_size, queries, mode (bytes)
$health = $manager->monitorInstanceHealth($id);         // healthy, status, mode, resources, last_check
$manager->getMode(); $manager->canUseRealProcessManager();

echo json_encode(['status' => $status, 'resources' => $resources, 'health' => $health]);

<?php
// Makes the calls that its arguments name, as startInstance:blog, and tells what became of each.
error_reporting(E_ALL);
set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $level, $file, $line); // as many programs do
});
require 'VirtualProcessManager.php';

$manager = new IkabudKernel\Core\VirtualProcessManager(null, json_decode(stream_get_contents(STDIN), true) ?? []);
$outcomes = [];
foreach (array_slice($argv, 1) as $call) {
    [$method, $id] = explode(':', $call, 2) + ['', null];
    try {
        $outcomes[] = ['answer' => $id === null ? $manager->$method() : $manager->$method($id)];
    } catch (Exception $e) {
        $outcomes[] = ['exception' => get_class($e), 'message' => $e->getMessage(), 'code' => $e->getCode(),
            'trace' => $e . print_r($e->getTrace(), true) . print_r($e, true) . var_export($e->getTrace(), true)];
    }
}
ob_start();
var_dump($manager, (array) $manager);
print_r($manager);
var_export($manager);
echo json_encode(['outcomes' => $outcomes, 'dump' => ob_get_clean()], JSON_INVALID_UTF8_SUBSTITUTE);

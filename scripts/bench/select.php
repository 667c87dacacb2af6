<?php
// The page that vpm's status.php is compared with: one connection, one query, one small JSON answer.
$options = [PDO::ATTR_PERSISTENT => isset($_GET['persistent']), PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION];
$db = new PDO('mysql:unix_socket={SOCKET};dbname={DATABASE};charset=utf8mb4', '{USER}', '{PASSWORD}', $options);
$query = $db->prepare('SELECT i.instance_id, p.status, p.virtual_pid FROM instances i
    LEFT JOIN virtual_processes p ON p.instance_id = i.instance_id WHERE i.instance_id = ?');
$query->execute([$_GET['instance_id']]);
header('Content-Type: application/json');
echo json_encode(['success' => true] + $query->fetch(PDO::FETCH_ASSOC));

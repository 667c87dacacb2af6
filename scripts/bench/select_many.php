<?php
// The page that vpm's server is compared with: the statements that one status.php sends, and one JSON answer.
$options = [PDO::ATTR_PERSISTENT => isset($_GET['persistent']), PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION];
$db = new PDO('mysql:unix_socket={SOCKET};dbname={DATABASE};charset=utf8mb4', '{USER}', '{PASSWORD}', $options);
$answer = ['success' => true];
foreach ({STATEMENTS} as $statement) {
    $answer[] = $db->query($statement)->fetchAll(PDO::FETCH_ASSOC);
}
header('Content-Type: application/json');
echo json_encode($answer, JSON_PARTIAL_OUTPUT_ON_ERROR);

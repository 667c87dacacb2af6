<?php
// What vpm's walk is compared with: the usual way to add up a directory in PHP.
$bytes = 0;
$tree = new RecursiveDirectoryIterator(getenv('TREE'), FilesystemIterator::SKIP_DOTS);
foreach (new RecursiveIteratorIterator($tree) as $file) {
    $bytes += $file->getSize();
}
echo $bytes, "\n";

<?php

declare(strict_types=1);

require __DIR__ . '/../../sdks/php/autoload.php';
chdir(__DIR__);

$plasm = new Plasm\Client();
$jobId = $plasm->submit('hello.wasm', ['cpu'=>1]);
echo $plasm->result($jobId);

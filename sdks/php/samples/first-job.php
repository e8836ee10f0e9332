<?php

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

// readme
$plasm = new Plasm\Client();
$jobId = $plasm->submit('hello.wasm', ['cpu' => 1]);
echo $plasm->result($jobId);

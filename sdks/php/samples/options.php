<?php

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

// readme
$plasm = new Plasm\Client(getenv('PLASM_URL') ?: null, timeout: 30.0);
$jobId = $plasm->submit('hello.wasm', [
    'stdin' => 'Hello, World',   // or new SplFileInfo('input.bin'), an open stream, ['digest' => 'sha256:…'] of an uploaded blob
    'args' => ['--fast'],
    'env' => ['LANG' => 'C'],
    'memory' => '64MiB',
    'output' => '1MiB',
    'timeout' => 10,             // seconds of one execution; '500ms' and '2m' are understood, too
    'placement' => 'any',        // local, remote, or a peer
]);
echo strlen($plasm->result($jobId, timeout: 60)), " bytes\n";

<?php

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

file_put_contents('input.bin', random_bytes(1_000_000));
// readme
use Plasm\Progress;

$plasm = new Plasm\Client(progress: static function (Progress $progress): void {
    fwrite(STDERR, "$progress\n");                   // uploading 40 % of 1.0 MiB, 0 s … running on 12D3Koo…, 3 s
});
$jobId = $plasm->submit('hello.wasm', ['stdin' => new SplFileInfo('input.bin')]);
echo $plasm->wait($jobId)->state->value, "\n";

<?php

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

// readme
use Plasm\Http\RequestOptions;

$plasm = new Plasm\Client();
$jobId = $plasm->submit('hello.wasm');
$plasm->wait($jobId);

$file = fopen('output.bin', 'wb');
$plasm->jobs->getJobOutput($jobId, options: new RequestOptions(sink: static fn (string $bytes) => fwrite($file, $bytes)));
fclose($file);
echo filesize('output.bin'), " bytes\n";

foreach ($plasm->jobs->listJobs(limit: 10)->items as $job) {
    echo "$job->id {$job->state->value}\n";
}

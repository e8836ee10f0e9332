<?php

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

// readme
$plasm = new Plasm\Client();
$jobId = $plasm->submit('hello.wasm');
foreach ($plasm->events($jobId) as $event) {
    echo "$event->sequence $event->type {$event->state->value}\n";
}

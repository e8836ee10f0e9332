<?php

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

// readme
$plasm = new Plasm\Client();
$jobId = $plasm->submit('hello.wasm', ['stdin' => 'Hello, World']);
$plasm->result($jobId);

$verification = $plasm->verify($jobId);
echo $verification->assurance, "\n";                                    // signed
$known = $plasm->node()->did;                                           // take it from somewhere that you trust
echo $plasm->verify($jobId, executor: $known)->assurance, "\n";         // pinned

$receipt = $plasm->receipt($jobId);
file_put_contents('receipt.json', (string) $receipt);
printf("ran for %.1f ms, id %s\n", $receipt->measurement['wallUs'] / 1000, $receipt->id);

<?php

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

file_put_contents('receipt.json', (string) (static function (): Plasm\Receipt {
    $plasm = new Plasm\Client();
    $jobId = $plasm->submit('hello.wasm');
    $plasm->wait($jobId);
    return $plasm->receipt($jobId);
})());
// readme
use Plasm\Exception\ReceiptException;

$receipt = new Plasm\Receipt((string) file_get_contents('receipt.json'));
try {
    (new Plasm\Client())->verify($receipt, expected: ['module' => new SplFileInfo('hello.wasm')]);
    echo "It ran hello.wasm.\n";
} catch (ReceiptException $error) {
    echo $error->verification?->verdict, ': ', $error->getMessage(), "\n";   // invalid or unverifiable, and why
}

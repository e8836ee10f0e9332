<?php

/* Judges receipts: a line of JSON {"envelope": base64, "expected": {…}} in, a line with what the verifier found out. */

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

// A warning of PHP's own would be a defect, too.
set_error_handler(static fn (int $level, string $message): never => throw new ErrorException($message, $level));

while (($line = fgets(STDIN)) !== false) {
    $case = json_decode($line, true, 32, JSON_THROW_ON_ERROR);
    $found = Plasm\Phase\Verifier::verify((string) base64_decode($case['envelope'], true), $case['expected']);
    $checks = array_map(static fn (Plasm\Generated\Model\ReceiptCheck $one): string => "$one->name $one->result", $found->checks);
    echo json_encode([$found->verdict, $found->assurance, $found->receiptId, $found->claimDigest, $found->executor, $checks]), "\n";
}

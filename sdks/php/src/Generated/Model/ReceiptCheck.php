<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** One thing that was checked */
final class ReceiptCheck implements \JsonSerializable
{
    use Http\Wire;

    public const RESULT_PASSED = 'passed';
    public const RESULT_FAILED = 'failed';
    public const RESULT_SKIPPED = 'skipped';

    public function __construct(
        /** Which check, e.g. signature, claimDigest, stdout */
        public readonly string $name,
        public readonly string $result,
        /** For a person */
        public readonly string $detail,
    ) {
    }
}

<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** What one execution used, as its executor says */
final class Usage implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** Wall clock, microseconds */
        public readonly int $wallUs,
        /** Processor time, microseconds */
        public readonly int $cpuUs,
        /** Of it, reading and compiling the module */
        public readonly int $compileUs,
        /** Linear memory at its largest */
        public readonly int $memoryBytesPeak,
    ) {
    }
}

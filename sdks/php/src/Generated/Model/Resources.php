<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** What the job may use */
final class Resources implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** Execution slots that the job takes while it runs. 1 unless given */
        public readonly ?int $cpu = null,
        /** Linear memory cap in bytes, a multiple of 65536, enforced. 64 MiB unless given */
        public readonly ?int $memoryBytes = null,
        /** Deterministic instruction budget. 1000000000000 unless given */
        public readonly ?int $fuel = null,
        /** stdout + stderr cap in bytes. 8 MiB unless given */
        public readonly ?int $outputBytes = null,
    ) {
    }
}

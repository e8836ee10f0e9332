<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** What a node accepts for one job at most */
final class NodeLimits implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** Linear memory */
        public readonly int $memoryBytes,
        /** stdout + stderr */
        public readonly int $outputBytes,
        /** stdin */
        public readonly int $stdinBytes,
        /** Module */
        public readonly int $moduleBytes,
        /** Wall clock of one execution */
        public readonly int $timeoutMs,
    ) {
    }
}

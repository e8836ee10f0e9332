<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** Linear memory that the module declares */
final class ModuleMemory implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** Bytes at the start */
        public readonly int $initialBytes,
        /** Bytes that it can grow to, where it says so */
        public readonly ?int $maximumBytes = null,
    ) {
    }
}

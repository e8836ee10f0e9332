<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** Bytes, named by their digest */
final class Content implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** sha256 of the bytes */
        public readonly string $digest,
        /** How many bytes */
        public readonly int $size,
    ) {
    }
}

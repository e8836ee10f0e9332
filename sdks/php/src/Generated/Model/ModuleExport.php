<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** One export that the module offers */
final class ModuleExport implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** Export name, e.g. _start */
        public readonly string $name,
        /** function, table, memory, global */
        public readonly string $kind,
    ) {
    }
}

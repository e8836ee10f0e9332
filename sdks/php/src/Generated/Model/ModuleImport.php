<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** One import that the module asks for */
final class ModuleImport implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** Module name, e.g. wasi_snapshot_preview1 */
        public readonly string $module,
        /** Import name, e.g. fd_write */
        public readonly string $name,
        /** function, table, memory, global */
        public readonly string $kind,
    ) {
    }
}

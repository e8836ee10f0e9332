<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** Modules, newest first */
final class ModulePage implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** @var list<ModuleInfo> */
        #[Http\ListOf(ModuleInfo::class)] public readonly array $items,
        /** Cursor of the next page; absent on the last one */
        public readonly ?string $nextCursor = null,
    ) {
    }
}

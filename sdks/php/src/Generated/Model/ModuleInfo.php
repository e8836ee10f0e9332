<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** A module that this node keeps */
final class ModuleInfo implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** sha256 of the bytes: its name */
        public readonly string $digest,
        /** How many bytes */
        public readonly int $size,
        /** @var list<ModuleImport> */
        #[Http\ListOf(ModuleImport::class)] public readonly array $imports,
        /** @var list<ModuleExport> */
        #[Http\ListOf(ModuleExport::class)] public readonly array $exports,
        /** When this node first got it */
        public readonly \DateTimeImmutable $createdAt,
        public readonly ?ModuleMemory $memory = null,
    ) {
    }
}

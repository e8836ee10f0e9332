<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** Jobs, newest first */
final class JobPage implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** @var list<Job> */
        #[Http\ListOf(Job::class)] public readonly array $items,
        /** Cursor of the next page; absent on the last one */
        public readonly ?string $nextCursor = null,
    ) {
    }
}

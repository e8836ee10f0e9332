<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** Executors that this node knows */
final class PeerList implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** @var list<Peer> */
        #[Http\ListOf(Peer::class)] public readonly array $items,
    ) {
    }
}

<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http\{ListOf, MapOf, Wire};

/** Executors that this node knows */
final class PeerList implements \JsonSerializable
{
    use Wire;

    public function __construct(
        /** @var list<Peer> */
        #[ListOf(Peer::class)] public readonly array $items,
    ) {
    }
}

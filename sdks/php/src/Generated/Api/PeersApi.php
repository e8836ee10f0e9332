<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Api;

use Plasm\Generated\Model;
use Plasm\Http\{Request, RequestOptions, Transport};

/** Every method throws \Plasm\Exception\PlasmException. */
final class PeersApi
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Ask the network for executors now
     */
    public function discoverPeers(
        ?RequestOptions $options = null,
    ): Model\PeerList {
        $request = (new Request('POST', '/v1/peers/discover', 'application/json', idempotent: true))
            ->with($options);
        return Model\PeerList::fromWire($this->transport->send($request)->json());
    }

    /**
     * List the executors that this node knows
     */
    public function listPeers(
        ?RequestOptions $options = null,
    ): Model\PeerList {
        $request = (new Request('GET', '/v1/peers', 'application/json', idempotent: true))
            ->with($options);
        return Model\PeerList::fromWire($this->transport->send($request)->json());
    }
}

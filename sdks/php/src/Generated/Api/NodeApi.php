<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Api;

use Plasm\Generated\Model;
use Plasm\Http\{Request, RequestOptions, Transport};

/** Every method throws \Plasm\Exception\PlasmException. */
final class NodeApi
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Say who this node is
     */
    public function getNode(
        ?RequestOptions $options = null,
    ): Model\NodeStatus {
        $request = (new Request('GET', '/v1/node', 'application/json', idempotent: true))
            ->with($options);
        return Model\NodeStatus::fromWire($this->transport->send($request)->json());
    }
}

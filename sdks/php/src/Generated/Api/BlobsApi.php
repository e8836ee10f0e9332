<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Api;

use Plasm\Generated\Model;
use Plasm\Http\{Request, RequestOptions, Transport};

/** Every method throws \Plasm\Exception\PlasmException. */
final class BlobsApi
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Get the bytes of a blob
     * @param string $digest sha256 of the bytes: their name
     */
    public function getBlob(
        string $digest,
        ?RequestOptions $options = null,
    ): string {
        $request = (new Request('GET', '/v1/blobs/{digest}', 'application/octet-stream', idempotent: true))
            ->path('digest', $digest)
            ->with($options);
        return $this->transport->send($request)->body;
    }

    /**
     * Upload a blob
     * @param string|\SplFileInfo|\Plasm\Http\InputStream $body Any bytes
     */
    public function putBlob(
        string|\SplFileInfo|\Plasm\Http\InputStream $body,
        ?RequestOptions $options = null,
    ): Model\Content {
        $request = (new Request('PUT', '/v1/blobs', 'application/json', idempotent: true))
            ->raw($body, 'application/octet-stream')
            ->with($options);
        return Model\Content::fromWire($this->transport->send($request)->json());
    }
}

<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Api;

use Plasm\Generated\Model;
use Plasm\Http\{Request, RequestOptions, Transport};

/** Every method throws \Plasm\Exception\PlasmException. */
final class ModulesApi
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Say what a module asks for and offers
     * @param string $digest sha256 of the bytes: their name
     */
    public function getModule(
        string $digest,
        ?RequestOptions $options = null,
    ): Model\ModuleInfo {
        $request = (new Request('GET', '/v1/modules/{digest}', 'application/json', idempotent: true))
            ->path('digest', $digest)
            ->with($options);
        return Model\ModuleInfo::fromWire($this->transport->send($request)->json());
    }

    /**
     * Get the bytes of a module
     * @param string $digest sha256 of the bytes: their name
     */
    public function getModuleContent(
        string $digest,
        ?RequestOptions $options = null,
    ): string {
        $request = (new Request('GET', '/v1/modules/{digest}/content', 'application/wasm', idempotent: true))
            ->path('digest', $digest)
            ->with($options);
        return $this->transport->send($request)->body;
    }

    /**
     * List the modules of this node
     * @param string|null $cursor nextCursor of the page before
     * @param int|null $limit How many at most. 50 unless given
     */
    public function listModules(
        ?string $cursor = null,
        ?int $limit = null,
        ?RequestOptions $options = null,
    ): Model\ModulePage {
        $request = (new Request('GET', '/v1/modules', 'application/json', idempotent: true))
            ->query('cursor', $cursor)
            ->query('limit', $limit)
            ->with($options);
        return Model\ModulePage::fromWire($this->transport->send($request)->json());
    }

    /**
     * Upload a module
     * @param string|\SplFileInfo|\Plasm\Http\InputStream $body A WebAssembly binary
     */
    public function putModule(
        string|\SplFileInfo|\Plasm\Http\InputStream $body,
        ?RequestOptions $options = null,
    ): Model\ModuleInfo {
        $request = (new Request('PUT', '/v1/modules', 'application/json', idempotent: true))
            ->raw($body, 'application/wasm')
            ->with($options);
        return Model\ModuleInfo::fromWire($this->transport->send($request)->json());
    }
}

<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** What a job asks for; only module is required */
final class JobManifest implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** The module to run, uploaded before */
        public readonly string $module,
        /** Under which rules it runs. The best comparable one of the node unless given */
        public readonly ?string $profile = null,
        /** @var list<string>|null Arguments after argv[0]; with env at most 64 KiB */
        #[Http\ListOf('string')] public readonly ?array $args = null,
        /** @var array<string, string>|null Environment; with args at most 64 KiB */
        #[Http\MapOf('string')] public readonly ?array $env = null,
        public readonly ?Stdin $stdin = null,
        public readonly ?Resources $resources = null,
        /** Wall clock for one execution in milliseconds. 30000 unless given */
        public readonly ?int $timeoutMs = null,
        /** How long the job may wait for a node, in milliseconds. 60000 unless given */
        public readonly ?int $queueMs = null,
        /** @var list<string>|null What is granted beyond pure computation: sorted, without repeats */
        #[Http\ListOf('string')] public readonly ?array $capabilities = null,
        /** 64 hex: seeds the guest's random. From the task unless given */
        public readonly ?string $seed = null,
        /** 32 to 64 hex, chosen by the client: shows that a receipt is fresh */
        public readonly ?string $nonce = null,
        /** any, local, remote, or a peer id. any unless given */
        public readonly ?string $placement = null,
        /** On how many distinct peers. 1 unless given */
        public readonly ?int $replicas = null,
        /** How many must agree. 1 unless given */
        public readonly ?int $quorum = null,
    ) {
    }
}

<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** What a job asks for, every default filled in */
final class CompleteManifest implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** The module to run, uploaded before */
        public readonly string $module,
        /** Under which rules it runs. The best comparable one of the node unless given */
        public readonly string $profile,
        /** @var list<string> Arguments after argv[0]; with env at most 64 KiB */
        #[Http\ListOf('string')] public readonly array $args,
        /** @var array<string, string> Environment; with args at most 64 KiB */
        #[Http\MapOf('string')] public readonly array $env,
        public readonly Content $stdin,
        public readonly CompleteResources $resources,
        /** Wall clock for one execution in milliseconds. 30000 unless given */
        public readonly int $timeoutMs,
        /** How long the job may wait for a node, in milliseconds. 60000 unless given */
        public readonly int $queueMs,
        /** @var list<string> What is granted beyond pure computation: sorted, without repeats */
        #[Http\ListOf('string')] public readonly array $capabilities,
        /** 64 hex: seeds the guest's random. From the task unless given */
        public readonly string $seed,
        /** 32 to 64 hex, chosen by the client: shows that a receipt is fresh */
        public readonly string $nonce,
        /** any, local, remote, or a peer id. any unless given */
        public readonly string $placement,
        /** On how many distinct peers. 1 unless given */
        public readonly int $replicas,
        /** How many must agree. 1 unless given */
        public readonly int $quorum,
    ) {
    }
}

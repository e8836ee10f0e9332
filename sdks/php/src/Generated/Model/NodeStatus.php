<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** This node */
final class NodeStatus implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** libp2p peer id */
        public readonly string $peerId,
        /** The same key as a did:key: what its receipts are signed with */
        public readonly string $did,
        /** @var list<string> */
        #[Http\ListOf('string')] public readonly array $addresses,
        /** local, lan or public */
        public readonly string $network,
        /** Version of the node software */
        public readonly string $version,
        /** @var list<string> Execution profiles that it offers, best first */
        #[Http\ListOf('string')] public readonly array $profiles,
        public readonly NodeLimits $limits,
        /** Jobs that it runs at the same time; 0: it only forwards */
        public readonly int $slots,
        /** Slots in use or waited for, in percent of all; may pass 100 */
        public readonly int $load,
        /** Executors that it knows */
        public readonly int $peers,
        /** Open p2p connections */
        public readonly int $connections,
        /** @var list<string> What stands between a module and this machine */
        #[Http\ListOf('string')] public readonly array $sandbox,
        /** When it started */
        public readonly \DateTimeImmutable $startedAt,
        /** How long it has run */
        public readonly int $uptimeMs,
    ) {
    }
}

<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** An executor that this node knows */
final class Peer implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** libp2p peer id */
        public readonly string $peerId,
        /** The same key as a did:key: what receipts are signed with */
        public readonly string $did,
        /** @var list<string> */
        #[Http\ListOf('string')] public readonly array $addresses,
        /** Version of its software */
        public readonly string $version,
        /** @var list<string> Execution profiles that it offers, best first */
        #[Http\ListOf('string')] public readonly array $profiles,
        public readonly NodeLimits $limits,
        /** Jobs that it runs at the same time; 0: it only forwards */
        public readonly int $slots,
        /** Slots in use or waited for, in percent of all; may pass 100 */
        public readonly int $load,
        /** Round trip of the last hello, in microseconds */
        public readonly int $latencyUs,
        /** When it last answered */
        public readonly \DateTimeImmutable $lastSeenAt,
    ) {
    }
}

<?php

declare(strict_types=1);

namespace Plasm\Phase;

/**
 * A DSSE v1 envelope (https://github.com/secure-systems-lab/dsse/blob/master/envelope.md; phase/SPEC.md, Envelope): the exact bytes that
 * were signed, and by whom.
 */
final class Envelope
{
    private const BYTES_EXTRA = 16_384;
    private const SIGNATURES_MAX = 8;
    private const SHAPE = [
        'payloadType' => 'text128',
        'payload' => 'text',
        'signatures' => ['list', ['keyid?' => 'text256', 'sig' => 'text88']],
    ];

    /** @param list<array{sig: string, keyid: ?string}> $signatures raw bytes, and whose they are said to be */
    private function __construct(
        public readonly string $payloadType,
        public readonly string $payload,
        public readonly array $signatures,
    ) {
    }

    /**
     * Its parts, nothing verified.
     *
     * @throws Invalid
     */
    public static function read(string $bytes, int $payloadBytesMax): self
    {
        if (strlen($bytes) > $payloadBytesMax * 2 + self::BYTES_EXTRA) {
            throw new Invalid('Cannot read the envelope: too large');
        }
        $envelope = Json::read($bytes, integersOnly: true);
        $problem = Shape::problem(self::SHAPE, $envelope);
        $signatures = $problem === null && $envelope instanceof JsonObject ? $envelope->get('signatures') : [];
        $count = count($signatures);
        $problem ??= $count >= 1 && $count <= self::SIGNATURES_MAX ? null : "$count signatures";
        if ($problem !== null) {
            throw new Invalid("Cannot read the envelope: $problem");
        }
        $payload = Base64::decode($envelope->get('payload'));
        if (strlen($payload) > $payloadBytesMax) {
            throw new Invalid("Cannot read the envelope: payload exceeds $payloadBytesMax bytes");
        }
        $read = static fn (JsonObject $one): array => ['sig' => Base64::decode($one->get('sig')), 'keyid' => $one->get('keyid')];
        return new self($envelope->get('payloadType'), $payload, array_map($read, $signatures));
    }

    /**
     * The keyids of the signatures of `$publicKey` that hold: none where it did not sign.
     *
     * @return list<string|null>
     */
    public function keyidsOf(string $publicKey): array
    {
        $message = sprintf('DSSEv1 %d %s %d %s', strlen($this->payloadType), $this->payloadType, strlen($this->payload), $this->payload);
        $holds = static fn (array $one): bool => Ed25519::verify($one['sig'], $message, $publicKey);
        return array_column(array_filter($this->signatures, $holds), 'keyid');
    }
}

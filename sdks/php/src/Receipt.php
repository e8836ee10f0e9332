<?php

declare(strict_types=1);

namespace Plasm;

use Plasm\Phase\Base64;
use Plasm\Phase\Invalid;

/**
 * An execution receipt exactly as it was signed. What it says is believed only after Client::verify or Phase\Verifier.
 */
final class Receipt implements \Stringable
{
    /** `sha256:…` of the signed bytes: the receipt's name. */
    public readonly string $id;
    /** @var array<string, mixed> who claims this outcome for which inputs */
    public readonly array $claim;
    /** @var array<string, mixed> times, memory, the executor: what only it can say */
    public readonly array $measurement;
    /** @var array<string, mixed> which request it answers */
    public readonly array $binding;

    /**
     * @param string $envelope the DSSE envelope's bytes
     * @throws Invalid for what cannot be a receipt
     */
    public function __construct(public readonly string $envelope)
    {
        $parts = json_decode($envelope, true, 16);
        $payload = is_array($parts) && is_string($parts['payload'] ?? null) ? Base64::decode($parts['payload']) : '';
        $predicate = json_decode($payload, true, 16)['predicate'] ?? null;
        $this->id = Phase\Digest::of($payload);
        foreach (['claim', 'measurement', 'binding'] as $part) {
            $this->$part = is_array($predicate) && is_array($predicate[$part] ?? null)
                ? $predicate[$part]
                : throw new Invalid("Cannot read the receipt: it has no $part");
        }
    }

    public function __toString(): string
    {
        return $this->envelope;
    }
}

<?php

declare(strict_types=1);

namespace Plasm\Http;

use Plasm\Exception\ProtocolException;

final class Response
{
    /** @param array<string, string> $headers by lower-case name */
    public function __construct(
        public readonly int $status,
        public readonly array $headers,
        public readonly string $body,
    ) {
    }

    public function header(string $name): ?string
    {
        return $this->headers[$name] ?? null;
    }

    /** @throws ProtocolException */
    public function json(): mixed
    {
        try {
            return json_decode($this->body, true, 32, JSON_THROW_ON_ERROR);
        } catch (\JsonException) {
            throw ProtocolException::expected('JSON', $this->body);
        }
    }

    /** Seconds, from a number or a date (RFC 9110 section 10.2.3); null where the node does not say. */
    public function retryAfter(?int $now = null): ?float
    {
        $text = trim($this->headers['retry-after'] ?? '');
        if (preg_match('/^\d{1,9}$/', $text) === 1) {
            return (float) $text;
        }
        $at = $text === '' ? false : strtotime($text);
        return $at === false ? null : (float) max(0, $at - ($now ?? time()));
    }
}

<?php

declare(strict_types=1);

namespace Plasm\Http;

use Plasm\Exception\InvalidArgumentException;

/** One call, before it is sent. */
final class Request
{
    /** @var array<string, string> by lower-case name */
    private array $headers = [];
    /** @var array<string, string> */
    private array $query = [];
    private string|\SplFileInfo|InputStream|null $body = null;
    private RequestOptions $options;

    /** @param bool $idempotent whether sending it again changes nothing */
    public function __construct(
        public readonly string $method,
        private string $path,
        public readonly string $accept,
        private readonly bool $idempotent = false,
    ) {
        $this->options = new RequestOptions();
    }

    public function path(string $name, string $value): self
    {
        if (in_array($value, ['', '.', '..'], true)) {
            throw new InvalidArgumentException("Cannot use \"$value\" as $name");
        }
        // A colon may stand in a path (RFC 3986), and digests have one.
        $this->path = str_replace('{' . $name . '}', str_replace('%3A', ':', rawurlencode($value)), $this->path);
        return $this;
    }

    public function query(string $name, string|int|\BackedEnum|null $value): self
    {
        if ($value !== null) {
            $this->query[$name] = (string) ($value instanceof \BackedEnum ? $value->value : $value);
        }
        return $this;
    }

    public function header(string $name, string|int|null $value): self
    {
        if ($value !== null) {
            if (preg_match('/[\r\n\0]/', $name . $value) === 1) {
                throw new InvalidArgumentException("Cannot send the header \"$name\": it holds a line break");
            }
            $this->headers[strtolower($name)] = (string) $value;
        }
        return $this;
    }

    public function json(\JsonSerializable $value): self
    {
        $flags = JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE;
        return $this->raw(json_encode($value, $flags), 'application/json');
    }

    /** A string is the bytes themselves; a file or stream is sent as it is read, and never held in memory. */
    public function raw(string|\SplFileInfo|InputStream $body, string $mediaType): self
    {
        $this->body = $body;
        return $this->header('content-type', $mediaType);
    }

    public function with(?RequestOptions $options): self
    {
        $this->options = $options ?? $this->options;
        foreach ($this->options->headers as $name => $value) {
            $this->header($name, $value);
        }
        return $this;
    }

    public function target(): string
    {
        return $this->path . ($this->query === [] ? '' : '?' . http_build_query($this->query, '', '&', PHP_QUERY_RFC3986));
    }

    /** @return array<string, string> */
    public function headers(): array
    {
        return ['accept' => $this->accept . ', application/problem+json'] + $this->headers;
    }

    public function body(): string|\SplFileInfo|InputStream|null
    {
        return $this->body;
    }

    public function options(): RequestOptions
    {
        return $this->options;
    }

    public function isRepeatable(): bool
    {
        // What a sink has got already cannot be taken back, and a stream gives what it has once.
        return $this->options->sink === null && !$this->body instanceof InputStream
            && ($this->idempotent || isset($this->headers['idempotency-key']));
    }

    /** Whether the answer or the body is bytes of any length, for which no total time can be said. */
    public function movesBytes(): bool
    {
        $sends = $this->body !== null && $this->headers['content-type'] !== 'application/json';
        return $sends || $this->accept !== 'application/json';
    }

    /** Seconds that the node was asked to wait before it answers (`Prefer: wait`). */
    public function waitSeconds(): int
    {
        return preg_match('/\bwait=(\d{1,4})/', $this->headers['prefer'] ?? '', $found) === 1 ? (int) $found[1] : 0;
    }
}

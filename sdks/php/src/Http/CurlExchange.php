<?php

declare(strict_types=1);

namespace Plasm\Http;

use Plasm\Exception\ProtocolException;

/** What comes back while curl runs: status, headers, bytes. Exceptions of callbacks wait here, because curl must not see them. */
final class CurlExchange
{
    /** An answer in JSON is far below; what is no answer of ours must not fill the memory. */
    private const JSON_BYTES_MAX = 16_777_216;

    private int $status = 0;
    /** @var array<string, string> */
    private array $headers = [];
    /** @var list<string> */
    private array $pieces = [];
    private int $size = 0;
    private ?\Throwable $thrown = null;

    /**
     * @param (\Closure(string): void)|null $sink gets the bytes of a 2xx answer
     * @param (\Closure(int, int): void)|null $progress
     */
    public function __construct(
        private readonly ?\Closure $sink,
        private readonly ?\Closure $progress,
        private readonly bool $isJson,
    ) {
    }

    public function header(string $line): int
    {
        if (preg_match('#^HTTP/\S+ (\d{3})#', $line, $found) === 1) {
            // 100 Continue comes before the answer itself.
            [$this->status, $this->headers] = [(int) $found[1], []];
        } elseif (str_contains($line, ':')) {
            [$name, $value] = explode(':', $line, 2);
            $this->headers[strtolower($name)] = trim($value);
        }
        return strlen($line);
    }

    public function body(string $bytes): int
    {
        return $this->guarded(function () use ($bytes): void {
            if ($this->sink !== null && $this->isGood()) {
                ($this->sink)($bytes);
                return;
            }
            $this->size += strlen($bytes);
            if ($this->size > self::JSON_BYTES_MAX && ($this->isJson || !$this->isGood())) {
                throw ProtocolException::expected('an answer of at most 16 MiB', $this->pieces[0] ?? '');
            }
            $this->pieces[] = $bytes;
        }) ? strlen($bytes) : -1;
    }

    /** The next bytes of what is sent; none where the stream cannot be read, and then `progress` ends the call. */
    public function input(InputStream $stream, int $length): string
    {
        $bytes = '';
        $this->guarded(function () use ($stream, $length, &$bytes): void {
            $bytes = $stream->read($length);
        });
        return $bytes;
    }

    /** @return int 0 to go on */
    public function progress(int $total, int $sent): int
    {
        if ($this->thrown !== null) {
            return 1;
        }
        return $this->progress === null || $this->guarded(fn () => ($this->progress)($sent, $total)) ? 0 : 1;
    }

    public function isGood(): bool
    {
        return $this->status >= 200 && $this->status < 300;
    }

    /** What came since the last call. */
    public function take(): string
    {
        $bytes = implode('', $this->pieces);
        [$this->pieces, $this->size] = [[], 0];
        return $bytes;
    }

    public function rethrow(): void
    {
        if ($this->thrown !== null) {
            throw $this->thrown;
        }
    }

    public function response(): Response
    {
        return new Response($this->status, $this->headers, implode('', $this->pieces));
    }

    private function guarded(\Closure $call): bool
    {
        try {
            $call();
            return true;
        } catch (\Throwable $thrown) {
            $this->thrown = $thrown;
            return false;
        }
    }
}

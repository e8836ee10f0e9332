<?php

declare(strict_types=1);

namespace Plasm\Http;

/** What comes back while curl runs: status, headers, bytes. Exceptions of a sink wait here, because curl must not see them. */
final class CurlExchange
{
    private int $status = 0;
    /** @var array<string, string> */
    private array $headers = [];
    private string $bytes = '';
    private ?\Throwable $thrown = null;

    /** @param (\Closure(string): void)|null $sink gets the bytes of a 2xx answer */
    public function __construct(private readonly ?\Closure $sink)
    {
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
        try {
            $this->sink !== null && $this->isGood() ? ($this->sink)($bytes) : $this->bytes .= $bytes;
            return strlen($bytes);
        } catch (\Throwable $thrown) {
            $this->thrown = $thrown;
            return 0;
        }
    }

    public function isGood(): bool
    {
        return $this->status >= 200 && $this->status < 300;
    }

    /** What came since the last call. */
    public function take(): string
    {
        [$bytes, $this->bytes] = [$this->bytes, ''];
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
        return new Response($this->status, $this->headers, $this->bytes);
    }
}

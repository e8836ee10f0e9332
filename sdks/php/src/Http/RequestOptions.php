<?php

declare(strict_types=1);

namespace Plasm\Http;

/** What a single call may do differently. */
final class RequestOptions
{
    /**
     * @param float|null $timeout seconds: for the whole of a call or stream; for raw bytes without progress
     * @param int|null $maxRetries further tries of a call that may be repeated
     * @param array<string, string> $headers sent as well
     * @param (\Closure(string): void)|null $sink gets the body in pieces as they arrive, instead of the answer
     * @param (\Closure(int, int): void)|null $progress is told how many bytes of the body were sent, and of how many, as often as something
     *     moves and about once a second while nothing does
     */
    public function __construct(
        public readonly ?float $timeout = null,
        public readonly ?int $maxRetries = null,
        public readonly array $headers = [],
        public readonly ?\Closure $sink = null,
        public readonly ?\Closure $progress = null,
    ) {
    }
}

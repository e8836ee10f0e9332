<?php

declare(strict_types=1);

namespace Plasm\Http;

/** Whether and when a call is tried again: exponential, with jitter so that clients do not come back together. */
final class Retry
{
    private const FIRST_SECONDS = 0.2;
    private const MAX_SECONDS = 5.0;
    /** A node that wants a longer pause is believed: the caller hears of it instead of waiting here. */
    private const RETRY_AFTER_MAX_SECONDS = 30.0;
    private const STATUSES = [408, 425, 429, 502, 503, 504];

    /** @return float|null seconds before try number `$tried + 1`; null: never again. `$chance` is from 0 to 1. */
    public static function delay(int $tried, ?int $status, ?float $retryAfter, float $chance): ?float
    {
        if ($status !== null && !in_array($status, self::STATUSES, true)) {
            return null;
        }
        if ($retryAfter !== null && $retryAfter > self::RETRY_AFTER_MAX_SECONDS) {
            return null;
        }
        $backoff = min(self::MAX_SECONDS, self::FIRST_SECONDS * 2 ** ($tried - 1));
        return max($retryAfter ?? 0.0, $backoff / 2 + $backoff / 2 * $chance);
    }

    public static function pause(float $seconds): void
    {
        usleep((int) round($seconds * 1_000_000));
    }
}

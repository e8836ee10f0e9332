<?php

declare(strict_types=1);

namespace Plasm;

/** What this client itself sent and received for its latest jobs: what their receipts are held against. */
final class Evidence
{
    /** A worker that runs for weeks must not grow; a job is verified soon after it ended. */
    private const JOBS_MAX = 10_000;

    /** @var array<string, array<string, mixed>> */
    private array $jobs = [];

    /** @param array<string, mixed> $expected */
    public function sent(string $jobId, array $expected): void
    {
        $this->jobs[$jobId] = $expected;
        if (count($this->jobs) > self::JOBS_MAX) {
            unset($this->jobs[array_key_first($this->jobs)]);
        }
    }

    public function received(string $jobId, string $stream, string $digest): void
    {
        if (isset($this->jobs[$jobId])) {
            $this->jobs[$jobId][$stream] = $digest;
        }
    }

    /** @return array<string, mixed> nothing for a job of another client */
    public function of(string $jobId): array
    {
        return $this->jobs[$jobId] ?? [];
    }
}

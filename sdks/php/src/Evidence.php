<?php

declare(strict_types=1);

namespace Plasm;

use Plasm\Generated\Model\JobManifest;
use Plasm\Phase\Digest;

/** What this client itself sent and received for its latest jobs: what their receipts are held against. */
final class Evidence
{
    /** A worker that runs for weeks must not grow; a job is verified soon after it ended. */
    private const JOBS_MAX = 10_000;

    /** @var array<string, array{sent: array<string, mixed>, received: array<string, string>}> */
    private array $jobs = [];

    /** @param array{digest: string, size?: int} $stdin */
    public function sent(string $jobId, JobManifest $manifest, array $stdin): void
    {
        $short = [
            'args' => Digest::ofArgs($manifest->args ?? []), 'env' => Digest::ofEnv($manifest->env ?? []), 'stdin' => $stdin,
            'resources' => (array) $manifest->resources?->jsonSerialize(),
        ];
        $this->jobs[$jobId] = ['sent' => $short + (array) $manifest->jsonSerialize(), 'received' => []];
        if (count($this->jobs) > self::JOBS_MAX) {
            unset($this->jobs[array_key_first($this->jobs)]);
        }
    }

    public function received(string $jobId, string $stream, string $digest): void
    {
        if (isset($this->jobs[$jobId])) {
            $this->jobs[$jobId]['received'][$stream] = $digest;
        }
    }

    /** @return array<string, mixed>|null the manifest, args, env and stdin by their digests; null for a job of another client */
    public function sentFor(string $jobId): ?array
    {
        return $this->jobs[$jobId]['sent'] ?? null;
    }

    /** @return array<string, string> digests of what came back, by stream */
    public function receivedFor(string $jobId): array
    {
        return $this->jobs[$jobId]['received'] ?? [];
    }
}

<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** A job and where it stands */
final class Job implements \JsonSerializable
{
    use Http\Wire;

    public function __construct(
        /** Chosen by this node; sorts by time */
        public readonly string $id,
        public readonly JobState $state,
        /** Which execution this is, from 1 */
        public readonly int $attempt,
        public readonly CompleteManifest $manifest,
        /** What is computed, whoever asks */
        public readonly string $taskDigest,
        /** Number of its last event */
        public readonly int $sequence,
        /** When it was accepted */
        public readonly \DateTimeImmutable $createdAt,
        /** When it last began to wait */
        public readonly \DateTimeImmutable $queuedAt,
        public readonly ?JobReason $reason = null,
        /** What the guest exited with, where the reason is exited */
        public readonly ?int $exitCode = null,
        /** For a person: what happened */
        public readonly ?string $detail = null,
        /** The peer that it is assigned to, or that ran it */
        public readonly ?string $executor = null,
        /** What the executor last said */
        public readonly ?string $progress = null,
        /** When the last execution began */
        public readonly ?\DateTimeImmutable $startedAt = null,
        /** When it ended */
        public readonly ?\DateTimeImmutable $finishedAt = null,
        /** When somebody asked to cancel it */
        public readonly ?\DateTimeImmutable $cancelRequestedAt = null,
        public readonly ?Content $stdout = null,
        public readonly ?Content $stderr = null,
        /** sha256 of the receipt's payload bytes */
        public readonly ?string $receiptId = null,
        public readonly ?Usage $usage = null,
    ) {
    }
}

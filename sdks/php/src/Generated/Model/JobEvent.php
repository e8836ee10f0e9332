<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

use Plasm\Http;

/** One step of a job */
final class JobEvent implements \JsonSerializable
{
    use Http\Wire;

    public const TYPE_CREATED = 'created';
    public const TYPE_ASSIGNED = 'assigned';
    public const TYPE_STARTED = 'started';
    public const TYPE_PROGRESS = 'progress';
    public const TYPE_RETURNED = 'returned';
    public const TYPE_CANCEL_REQUESTED = 'cancelRequested';
    public const TYPE_FINISHED = 'finished';

    public function __construct(
        /** Of which job */
        public readonly string $jobId,
        /** From 1, without gaps */
        public readonly int $sequence,
        /** When */
        public readonly \DateTimeImmutable $at,
        public readonly string $type,
        public readonly JobState $state,
        /** Of which execution */
        public readonly int $attempt,
        /** On which peer */
        public readonly ?string $executor = null,
        public readonly ?JobReason $reason = null,
        /** What the guest exited with */
        public readonly ?int $exitCode = null,
        /** For a person */
        public readonly ?string $detail = null,
    ) {
    }
}

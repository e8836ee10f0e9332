<?php

declare(strict_types=1);

namespace Plasm;

use Plasm\Generated\Model\JobEvent;

/** How far something is that takes its time: an upload (bytes are told), or a job that is waited for (its last event is). */
final class Progress
{
    /**
     * @param float $seconds since it began
     * @param int|null $bytes of an upload that are sent, `bytesTotal` is all of them, where that is known before
     * @param JobEvent|null $event the last one of the job, once there is one
     */
    public function __construct(
        public readonly float $seconds,
        public readonly ?int $bytes = null,
        public readonly ?int $bytesTotal = null,
        public readonly ?JobEvent $event = null,
    ) {
    }

    /** A line for a person. */
    public function __toString(): string
    {
        $time = sprintf('%d s', $this->seconds);
        if ($this->bytes !== null && $this->bytesTotal !== null) {
            $percent = $this->bytesTotal === 0 ? 100 : intdiv($this->bytes * 100, $this->bytesTotal);
            return sprintf('uploading %d %% of %.1f MiB, %s', $percent, $this->bytesTotal / 1_048_576, $time);
        }
        if ($this->bytes !== null) {
            return sprintf('uploading %.1f MiB, %s', $this->bytes / 1_048_576, $time);
        }
        if ($this->event === null) {
            return "waiting, $time";
        }
        $state = $this->event->state->value;
        $where = $this->event->executor === null ? '' : " on {$this->event->executor}";
        $detail = $this->event->detail === null ? '' : ": {$this->event->detail}";
        return "$state$where, $time$detail";
    }
}

<?php

declare(strict_types=1);

namespace Plasm\Http;

use Plasm\Exception\ProtocolException;

/**
 * Reads a stream of events, however it is cut (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
 */
final class ServerSentEvents
{
    /** One event of ours is below 4 KiB; a stream without line ends must not fill the memory. */
    private const EVENT_BYTES_MAX = 1_048_576;
    /** What a line costs in memory beside its text. */
    private const LINE_BYTES = 64;
    private const RETRY_MS_MAX = 30_000;

    private string $buffer = '';
    /** How much of the buffer holds no line end: not looked at again, however small the pieces are. */
    private int $scanned = 0;
    private bool $begun = false;
    private string $type = '';
    /** @var list<string> */
    private array $data = [];
    private int $size = 0;
    private ?string $id = null;

    /**
     * @param string $lastId id of the last event that had one, to resume after
     * @param int $retryMs milliseconds before a broken stream is taken up again, where the node says so
     */
    public function __construct(public string $lastId = '', public int $retryMs = 0)
    {
    }

    /** For the next connection, where this one broke: what was half read is gone. */
    public function resumed(string $lastId): self
    {
        return new self($lastId, $this->retryMs);
    }

    /** @return list<array{type: string, id: string, data: string}> the events that are whole now */
    public function push(string $bytes): array
    {
        $this->buffer .= $bytes;
        if (!$this->begun && strlen($this->buffer) >= 3) {
            $this->buffer = str_starts_with($this->buffer, "\u{FEFF}") ? substr($this->buffer, 3) : $this->buffer;
            $this->begun = true;
        }
        $events = [];
        while ($this->begun && ($line = $this->line()) !== null) {
            if ($line !== '') {
                $this->field($line);
            } elseif (($event = $this->dispatch()) !== null) {
                $events[] = $event;
            }
        }
        if (strlen($this->buffer) + $this->size > self::EVENT_BYTES_MAX) {
            throw ProtocolException::expected('an event of at most 1 MiB', $this->buffer);
        }
        return $events;
    }

    /** The next whole line, which ends in LF, CR LF or CR; a CR at the end may still become CR LF. */
    private function line(): ?string
    {
        $end = $this->scanned + strcspn($this->buffer, "\r\n", $this->scanned);
        if ($end === strlen($this->buffer)) {
            $this->scanned = $end;
            return null;
        }
        $feed = $this->buffer[$end] === "\r";
        if ($feed && $end + 1 === strlen($this->buffer)) {
            return null;
        }
        $this->scanned = 0;
        $line = substr($this->buffer, 0, $end);
        $this->buffer = substr($this->buffer, $end + ($feed && $this->buffer[$end + 1] === "\n" ? 2 : 1));
        return $line;
    }

    /** A line that begins with a colon is a comment: its name is empty. */
    private function field(string $line): void
    {
        [$name, $value] = explode(':', $line, 2) + [1 => ''];
        $value = str_starts_with($value, ' ') ? substr($value, 1) : $value;
        match ($name) {
            'data' => $this->append($value),
            'event' => $this->type = $value,
            'id' => $this->id = str_contains($value, "\0") ? $this->id : $value,
            'retry' => $this->retryMs = preg_match('/^\d{1,9}$/D', $value) === 1 ? min(self::RETRY_MS_MAX, (int) $value) : $this->retryMs,
            default => null,
        };
    }

    private function append(string $value): void
    {
        $this->data[] = $value;
        $this->size += strlen($value) + self::LINE_BYTES;
    }

    /** @return array{type: string, id: string, data: string}|null */
    private function dispatch(): ?array
    {
        $this->lastId = $this->id ?? $this->lastId;
        $type = $this->type === '' ? 'message' : $this->type;
        $event = $this->data === [] ? null : ['type' => $type, 'id' => $this->lastId, 'data' => implode("\n", $this->data)];
        [$this->type, $this->data, $this->size, $this->id] = ['', [], 0, null];
        return $event;
    }
}

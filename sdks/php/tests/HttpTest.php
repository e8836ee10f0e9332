<?php

declare(strict_types=1);

namespace Plasm\Tests;

use PHPUnit\Framework\TestCase;
use Plasm\Exception\ApiException;
use Plasm\Exception\BusyException;
use Plasm\Exception\InvalidArgumentException;
use Plasm\Exception\InvalidRequestException;
use Plasm\Exception\ProtocolException;
use Plasm\Generated\Model\Content;
use Plasm\Generated\Model\JobEvent;
use Plasm\Generated\Model\JobReason;
use Plasm\Generated\Model\JobState;
use Plasm\Http\CurlTransport;
use Plasm\Http\Request;
use Plasm\Http\Response;
use Plasm\Http\Retry;
use Plasm\Http\ServerSentEvents;

final class HttpTest extends TestCase
{
    public function testEventsAreTheSameHoweverTheStreamIsCut(): void
    {
        $stream = "\u{FEFF}retry: 250\r\n\r\n: still here\n\nid: 1\ndata: {\"a\":1}\n\nevent: x\rdata: b\rdata:c\rid: 2\r\r"
            . "id: 3\n\ndata\n\ndata: ü\r\n\r\nevent: end\ndata: {}\n\ndata: not whole";
        $wanted = [
            ['type' => 'message', 'id' => '1', 'data' => '{"a":1}'],
            ['type' => 'x', 'id' => '2', 'data' => "b\nc"],
            ['type' => 'message', 'id' => '3', 'data' => ''],
            ['type' => 'message', 'id' => '3', 'data' => 'ü'],
            ['type' => 'end', 'id' => '3', 'data' => '{}'],
        ];
        for ($at = 0; $at <= strlen($stream); $at++) {
            $events = new ServerSentEvents();
            $found = [...$events->push(substr($stream, 0, $at)), ...$events->push(substr($stream, $at))];
            self::assertSame($wanted, $found, "cut at $at");
            self::assertSame(['3', 250], [$events->lastId, $events->retryMs]);
        }
        $events = new ServerSentEvents();
        $found = [];
        foreach (str_split($stream) as $byte) {
            array_push($found, ...$events->push($byte));
        }
        self::assertSame($wanted, $found);
    }

    public function testAStreamWithoutEndDoesNotFillTheMemory(): void
    {
        foreach (["data: x\n", 'x', "id: 1\ndata: y\n"] as $endless) {
            $events = new ServerSentEvents();
            $refused = false;
            for ($sent = 0; $sent < 4_000_000 && !$refused; $sent += strlen($piece)) {
                $piece = str_repeat($endless, 1000);
                try {
                    self::assertSame([], $events->push($piece));
                } catch (ProtocolException) {
                    $refused = true;
                }
            }
            self::assertTrue($refused);
        }
    }

    public function testAPauseGrowsStaysBoundedAndIsNeverTheSame(): void
    {
        for ($tried = 1; $tried < 40; $tried++) {
            [$low, $high] = [Retry::delay($tried, 503, null, 0.0), Retry::delay($tried, 503, null, 1.0)];
            self::assertTrue($low > 0 && $low < $high && $high <= 5.0);
            self::assertGreaterThanOrEqual(7.0, Retry::delay($tried, 429, 7.0, 0.5));
        }
    }

    public function testOnlyWhatMayPassIsTriedAgain(): void
    {
        foreach ([408, 425, 429, 502, 503, 504, null] as $status) {
            self::assertNotNull(Retry::delay(1, $status, null, 0.5));
        }
        foreach ([200, 301, 400, 401, 403, 404, 409, 413, 422, 500, 501, 507] as $status) {
            self::assertNull(Retry::delay(1, $status, null, 0.5), (string) $status);
        }
        self::assertNull(Retry::delay(1, 429, 31.0, 0.5), 'the caller hears of a long pause instead of waiting here');
    }

    public function testRetryAfterIsSecondsOrADate(): void
    {
        $now = 1_800_000_000;
        $after = static fn (string $text): ?float => (new Response(503, ['retry-after' => $text], ''))->retryAfter($now);
        self::assertSame(7.0, $after('7'));
        self::assertSame(30.0, $after(gmdate('D, d M Y H:i:s', $now + 30) . ' GMT'));
        self::assertSame(0.0, $after(gmdate('D, d M Y H:i:s', $now - 30) . ' GMT'));
        self::assertNull($after('soon'));
        self::assertNull($after(''));
        self::assertNull((new Response(503, [], ''))->retryAfter());
    }

    public function testAProblemBecomesAnExceptionOfItsOwn(): void
    {
        $body = '{"code":"invalid","detail":"Cannot read it","hint":"Write it well","pointer":"/stdin","instance":"urn:uuid:abc"}';
        $error = ApiException::of(new Response(400, [], $body), 'Cannot ask');
        self::assertInstanceOf(InvalidRequestException::class, $error);
        self::assertSame(
            [400, 'invalid', 'Write it well', '/stdin', 'abc', 'Cannot read it. Write it well'],
            [$error->status, $error->errorCode, $error->hint, $error->pointer, $error->requestId, $error->getMessage()],
        );
        $proxy = ApiException::of(new Response(503, ['retry-after' => '3', 'x-request-id' => 'r'], '<html>'), 'Cannot ask');
        self::assertInstanceOf(BusyException::class, $proxy);
        self::assertSame([3.0, 'r', 'Cannot ask: the node answered with status 503'], [
            $proxy->retryAfter, $proxy->requestId, $proxy->getMessage(),
        ]);
        $new = ApiException::of(new Response(418, [], '{"code":"teapot","detail":[]}'), 'Cannot ask');
        self::assertSame([ApiException::class, 'teapot'], [$new::class, $new->errorCode]);
    }

    public function testModelsAreImmutableOpenAndStrict(): void
    {
        $wire = ['jobId' => 'j', 'sequence' => 1, 'at' => '2026-01-02T03:04:05.678Z', 'type' => 'moved', 'state' => 'levitating', 'attempt' => 1];
        $event = JobEvent::fromWire($wire + ['reason' => 'bored', 'price' => 5]);
        self::assertSame([JobState::UNKNOWN, JobReason::UNKNOWN, 'moved'], [$event->state, $event->reason, $event->type]);
        self::assertSame('2026-01-02T03:04:05.678Z', $event->at->format('Y-m-d\TH:i:s.vp'));
        try {
            $event->sequence = 2;
            self::fail('a model was changed');
        } catch (\Error $error) {
            self::assertStringContainsString('readonly', $error->getMessage());
        }
        foreach ([null, 'x', [], [1], ['digest' => 'd'], ['digest' => 'd', 'size' => '1'], ['digest' => 'd', 'size' => 1.5]] as $bad) {
            try {
                Content::fromWire($bad);
                self::fail('accepted: ' . json_encode($bad));
            } catch (ProtocolException $error) {
                self::assertStringContainsString('expected', $error->getMessage());
            }
        }
    }

    public function testATimeIsATimeAndNothingElse(): void
    {
        $wire = ['jobId' => 'j', 'sequence' => 1, 'type' => 'created', 'state' => 'queued', 'attempt' => 1];
        $at = static fn (mixed $text): string => JobEvent::fromWire(['at' => $text] + $wire)->at->format('Y-m-d\TH:i:s.up');
        self::assertSame('2026-01-02T03:04:05.000000Z', $at('2026-01-02T03:04:05Z'));
        self::assertSame('2026-01-02T03:04:05.123456Z', $at('2026-01-02T03:04:05.123456789Z'));
        self::assertSame('2026-01-02T03:04:05.500000+02:00', $at('2026-01-02T03:04:05.5+02:00'));
        foreach (['now', 'tomorrow', '', '@1', '2026-01-02', '2026-13-40T99:99:99Z', "2026-01-02T03:04:05Z\n", 5] as $bad) {
            try {
                $at($bad);
                self::fail("\"$bad\" was accepted");
            } catch (ProtocolException) {
                self::assertTrue(true);
            }
        }
    }

    public function testNothingLeavesThatCouldBeAnotherRequest(): void
    {
        $calls = [
            static fn () => (new Request('GET', '/v1/jobs/{id}', 'application/json'))->path('id', '..'),
            static fn () => (new Request('GET', '/v1/jobs/{id}', 'application/json'))->path('id', ''),
            static fn () => (new Request('GET', '/', 'application/json'))->header('x', "a\r\nhost: b"),
            static fn () => new CurlTransport('ftp://example.com'),
            static fn () => new CurlTransport('http://user:pass@example.com'),
            static fn () => new CurlTransport("http://example.com\n"),
            static fn () => new CurlTransport('http://example.com', "a\r\nb"),
        ];
        foreach ($calls as $at => $call) {
            try {
                $call();
                self::fail("call $at was accepted");
            } catch (InvalidArgumentException) {
                self::assertTrue(true);
            }
        }
        $request = (new Request('GET', '/v1/jobs/{id}', 'application/json'))->path('id', 'a/b?c#d');
        self::assertSame('/v1/jobs/a%2Fb%3Fc%23d', $request->target());
    }
}

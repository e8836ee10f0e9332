<?php

declare(strict_types=1);

namespace Plasm\Tests;

use PHPUnit\Framework\TestCase;
use Plasm\Client;
use Plasm\Exception\IdempotencyConflictException;
use Plasm\Exception\InvalidArgumentException;
use Plasm\Exception\JobFailedException;
use Plasm\Exception\ModuleRejectedException;
use Plasm\Exception\NoReceiptException;
use Plasm\Exception\NotFoundException;
use Plasm\Exception\ReceiptException;
use Plasm\Exception\TimeoutException;
use Plasm\Exception\TransportException;
use Plasm\Exception\UnknownDigestException;
use Plasm\Generated\Model\JobEvent;
use Plasm\Generated\Model\JobReason;
use Plasm\Generated\Model\JobState;
use Plasm\Generated\Model\Verification;
use Plasm\Http\RequestOptions;
use Plasm\Phase\Invalid;
use Plasm\Progress;
use Plasm\Receipt;

/** The whole client against a real node: PLASM_URL says where, PLASM_FIXTURES where the compiled guests of machine/fixtures are. */
final class ClientTest extends TestCase
{
    private const HELLO = __DIR__ . '/../../../examples/hello/hello.wasm';

    private Client $plasm;

    protected function setUp(): void
    {
        $this->plasm = new Client(progress: false);
    }

    private static function fixture(string $name): string
    {
        return getenv('PLASM_FIXTURES') . "/$name.wasm";
    }

    public function testTheThreeLines(): void
    {
        $jobId = $this->plasm->submit(self::HELLO, ['cpu' => 1]);
        self::assertSame('dlroW ,olleH', rtrim($this->plasm->result($jobId)));
    }

    public function testAModuleIsAPathAFileBytesOrADigest(): void
    {
        $bytes = (string) file_get_contents(self::HELLO);
        foreach ([self::HELLO, new \SplFileInfo(self::HELLO), $bytes, 'sha256:' . hash('sha256', $bytes)] as $module) {
            self::assertSame("cba\n", $this->plasm->result($this->plasm->submit($module, ['stdin' => "abc\n"])));
        }
    }

    public function testBinaryInputComesBackAsItWas(): void
    {
        $input = "\x00\xff\n\xc3\x28\n";
        $jobId = $this->plasm->submit(self::HELLO, ['stdin' => $input]);
        self::assertSame("\xff\x00\n\x28\xc3\n", $this->plasm->result($jobId));
        self::assertSame(Verification::VERDICT_VALID, $this->plasm->verify($jobId)->verdict);
    }

    public function testLargeInputTravelsAsABlob(): void
    {
        $line = str_repeat('x', 999) . "\n";
        $input = str_repeat($line, 400);
        $told = [];
        $plasm = new Client(progress: static function (Progress $progress) use (&$told): void {
            $told[] = $progress;
        });
        $jobId = $plasm->submit(self::HELLO, ['stdin' => $input]);
        self::assertSame($input, $plasm->result($jobId));
        $uploads = array_filter($told, static fn (Progress $one): bool => $one->bytesTotal === strlen($input));
        self::assertNotSame([], $uploads);
        self::assertSame(strlen($input), end($uploads)->bytes);
        $events = array_filter($told, static fn (Progress $one): bool => $one->event !== null);
        self::assertSame(JobState::SUCCEEDED, end($events)->event?->state);
    }

    public function testEventsAreAllThereInOrderAndMayBeTakenUpAnywhere(): void
    {
        $jobId = $this->plasm->submit(self::HELLO);
        $events = iterator_to_array($this->plasm->events($jobId), false);
        self::assertSame(range(1, count($events)), array_map(static fn (JobEvent $event): int => $event->sequence, $events));
        self::assertSame(JobState::SUCCEEDED, end($events)->state);
        $rest = iterator_to_array($this->plasm->events($jobId, after: count($events) - 1), false);
        self::assertEquals([end($events)], $rest);
        self::assertSame([], iterator_to_array($this->plasm->events($jobId, after: count($events)), false));
    }

    public function testAReceiptHoldsAgainstWhatWasSentAndReceived(): void
    {
        $options = [
            'stdin' => "abc\n", 'args' => ['--x', 'ü'], 'env' => ['B' => '2', 'A' => '1'], 'memory' => '1MiB', 'output' => 1024,
            'timeout' => 5, 'capabilities' => ['clock'],
        ];
        $jobId = $this->plasm->submit(self::HELLO, $options);
        $this->plasm->result($jobId);
        $node = $this->plasm->node();
        self::assertSame('pinned', $this->plasm->verify($jobId, executor: $node->did)->assurance);
        self::assertSame('pinned', $this->plasm->verify($jobId, executor: $node->peerId)->assurance);
        $verification = $this->plasm->verify($jobId);
        self::assertSame('signed', $verification->assurance);
        self::assertSame($node->did, $verification->executor);
        $names = array_column($verification->checks, 'name');
        foreach (['nonce', 'module', 'args', 'env', 'stdin', 'stdout', 'stderr', 'jobId', 'request', 'submitter'] as $name) {
            self::assertContains($name, $names);
        }
        // Another program knows only the job's id.
        self::assertSame('signed', (new Client())->verify($jobId)->assurance);
    }

    public function testAReceiptThatDoesNotHoldIsAnException(): void
    {
        $jobId = $this->plasm->submit(self::HELLO);
        $output = $this->plasm->result($jobId);
        $receipt = $this->plasm->receipt($jobId);
        self::assertSame('valid', $this->plasm->verify($receipt, expected: ['module' => new \SplFileInfo(self::HELLO)])->verdict);
        $stranger = 'did:key:z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX';
        $other = 'sha256:' . hash('sha256', "$output.");
        $wrong = [
            'signature' => fn () => $this->plasm->verify($jobId, executor: $stranger),
            'stdout' => fn () => $this->plasm->verify($jobId, expected: ['stdout' => $other]),
            'nonce' => fn () => $this->plasm->verify($receipt, expected: ['nonce' => str_repeat('00', 16)]),
            'jobId' => fn () => $this->plasm->verify($receipt, expected: ['jobId' => '01890a5d-ac96-774b-bcce-b302099a8058']),
            'envelope' => fn () => $this->plasm->verify('{' . $receipt),
        ];
        foreach ($wrong as $check => $verify) {
            try {
                $verify();
                self::fail("$check: valid");
            } catch (ReceiptException $error) {
                self::assertStringContainsString("is invalid: $check failed", $error->getMessage());
                self::assertSame('invalid', $error->verification?->verdict);
            }
        }
        foreach ([['executor' => 'nobody'], ['stdou' => $other]] as $expected) {
            try {
                $this->plasm->verify($receipt, expected: $expected);
                self::fail('a misspelt expectation passed');
            } catch (Invalid | InvalidArgumentException $error) {
                self::assertStringContainsString('nobody', $error->getMessage() . 'nobody');
            }
        }
    }

    public function testAReceiptSaysWhatItSays(): void
    {
        $jobId = $this->plasm->submit(self::HELLO);
        $this->plasm->wait($jobId);
        $receipt = $this->plasm->receipt($jobId);
        self::assertSame($this->plasm->status($jobId)->receiptId, $receipt->id);
        self::assertSame('exited', $receipt->claim['outcome']['reason']);
        self::assertSame($jobId, $receipt->binding['jobId']);
        self::assertGreaterThan(0, $receipt->measurement['wallUs']);
        self::assertEquals($receipt, new Receipt((string) $receipt));
        $this->expectException(Invalid::class);
        new Receipt('{"payload":"e30="}');
    }

    public function testAJobThatFailsSaysWhy(): void
    {
        $jobId = $this->plasm->submit(self::fixture('exit-3'));
        try {
            $this->plasm->result($jobId);
            self::fail('it succeeded');
        } catch (JobFailedException $error) {
            self::assertSame([JobReason::EXITED, 3, $jobId], [$error->reason, $error->exitCode, $error->job->id]);
            self::assertStringContainsString('exited with code 3', $error->getMessage());
        }
        self::assertSame('valid', $this->plasm->verify($jobId)->verdict);
        $late = $this->plasm->submit(self::fixture('loop'), ['timeout' => '200ms']);
        try {
            $this->plasm->result($late);
            self::fail('it succeeded');
        } catch (JobFailedException $error) {
            self::assertSame(JobReason::TIMED_OUT, $error->reason);
            self::assertStringContainsString("Give it longer: 'timeout' => 60.", $error->getMessage());
        }
        $this->expectException(NoReceiptException::class);
        $this->plasm->verify($late);
    }

    public function testWaitingEndsInTimeAndTheJobGoesOn(): void
    {
        $jobId = $this->plasm->submit(self::fixture('loop'), ['timeout' => 60]);
        foreach (['result', 'wait'] as $method) {
            try {
                $this->plasm->$method($jobId, timeout: 0.2);
                self::fail('it ended');
            } catch (TimeoutException) {
                self::assertContains($this->plasm->status($jobId)->state, [JobState::QUEUED, JobState::ASSIGNED, JobState::RUNNING]);
            }
        }
        $this->plasm->cancel($jobId);
        $job = $this->plasm->wait($jobId, timeout: 10);
        self::assertSame([JobState::CANCELLED, JobReason::CANCELLED], [$job->state, $job->reason]);
        $this->expectException(JobFailedException::class);
        $this->expectExceptionMessage('it was cancelled');
        $this->plasm->result($jobId);
    }

    public function testTheSameKeyIsTheSameJob(): void
    {
        $key = bin2hex(random_bytes(8));
        $first = $this->plasm->submit(self::HELLO, ['idempotencyKey' => $key]);
        self::assertSame($first, $this->plasm->submit(self::HELLO, ['idempotencyKey' => $key]));
        $this->expectException(IdempotencyConflictException::class);
        $this->plasm->submit(self::HELLO, ['idempotencyKey' => $key, 'cpu' => 1]);
    }

    public function testWhatCannotBeRunIsRefusedByName(): void
    {
        $calls = [
            [ModuleRejectedException::class, fn () => $this->plasm->submit("\0asm\1\0\0\0")],
            [UnknownDigestException::class, fn () => $this->plasm->submit('sha256:' . str_repeat('0', 64))],
            [
                UnknownDigestException::class,
                fn () => $this->plasm->submit(self::HELLO, ['stdin' => ['digest' => 'sha256:' . str_repeat('0', 64)]]),
            ],
            [InvalidArgumentException::class, fn () => $this->plasm->submit('no-such-file.wasm')],
            [InvalidArgumentException::class, fn () => $this->plasm->submit(self::HELLO, ['stdin' => ['file' => 'no-such-file']])],
            [NotFoundException::class, fn () => $this->plasm->result('01890a5d-ac96-774b-bcce-b302099a8057')],
            [NotFoundException::class, fn () => $this->plasm->wait('01890a5d-ac96-774b-bcce-b302099a8057')],
            [NotFoundException::class, fn () => $this->plasm->verify('01890a5d-ac96-774b-bcce-b302099a8057')],
            [TransportException::class, fn () => (new Client('http://127.0.0.1:1', timeout: 2))->node()],
        ];
        foreach ($calls as [$class, $call]) {
            try {
                $call();
                self::fail("no $class");
            } catch (\Exception $error) {
                self::assertInstanceOf($class, $error);
            }
        }
    }

    public function testAFileOf200MiBNeverSitsInMemory(): void
    {
        $file = tempnam(sys_get_temp_dir(), 'plasm');
        self::assertIsString($file);
        $out = fopen($file, 'wb');
        self::assertIsResource($out);
        for ($written = 0; $written < 200; $written++) {
            fwrite($out, random_bytes(1024) . str_repeat(chr($written), 1_047_552));
        }
        fclose($out);
        try {
            $before = memory_get_peak_usage();
            $stored = $this->plasm->blobs->putBlob(new \SplFileInfo($file));
            self::assertSame([209_715_200, 'sha256:' . hash_file('sha256', $file)], [$stored->size, $stored->digest]);
            [$same, $at] = [fopen($file, 'rb'), 0];
            self::assertIsResource($same);
            $sink = static function (string $bytes) use ($same, &$at): void {
                self::assertTrue(fread($same, strlen($bytes)) === $bytes, "what comes back differs after $at");
                $at += strlen($bytes);
            };
            $this->plasm->blobs->getBlob($stored->digest, new RequestOptions(sink: $sink));
            self::assertSame($stored->size, $at);
            self::assertLessThan(8_000_000, memory_get_peak_usage() - $before);
        } finally {
            unlink($file);
        }
    }

    public function testAnOpenStreamIsReadToItsEndAndNeverHeld(): void
    {
        $before = memory_get_peak_usage();
        $pipe = popen('head -c 104857600 /dev/zero', 'r');
        self::assertIsResource($pipe);
        $jobId = $this->plasm->submit(self::fixture('exit-3'), ['stdin' => $pipe]);
        pclose($pipe);
        self::assertLessThan(4_000_000, memory_get_peak_usage() - $before);
        $zeros = '20492a4d0d84f8beb1767f6616229f85d44c2827b64bdbfb260ee12fa1109e0e';
        $stdin = $this->plasm->wait($jobId)->manifest->stdin;
        self::assertSame(["sha256:$zeros", 104_857_600], [$stdin->digest, $stdin->size]);
        self::assertSame(Verification::VERDICT_VALID, $this->plasm->verify($jobId)->verdict);
    }

    public function testAStreamIsReadFromWhereItStandsWhetherItBlocksOrNot(): void
    {
        $memory = fopen('php://temp', 'w+');
        [$ours, $theirs] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, STREAM_IPPROTO_IP) ?: [null, null];
        self::assertTrue(is_resource($memory) && is_resource($ours) && is_resource($theirs));
        fwrite($memory, "not this\nabc\n");
        fseek($memory, strlen("not this\n"));
        stream_set_blocking($ours, false);
        fwrite($theirs, "abc\n");
        fclose($theirs);
        foreach ([$memory, $ours] as $stream) {
            $jobId = $this->plasm->submit(self::HELLO, ['stdin' => $stream]);
            self::assertSame("cba\n", $this->plasm->result($jobId));
            self::assertSame(Verification::VERDICT_VALID, $this->plasm->verify($jobId)->verdict);
        }
        $none = $this->plasm->submit(self::HELLO, ['stdin' => $memory]);
        self::assertSame('dlroW ,olleH', $this->plasm->result($none));
    }

    public function testAStreamThatCannotBeReadMakesNoJob(): void
    {
        $closed = fopen('php://temp', 'r');
        self::assertIsResource($closed);
        fclose($closed);
        $writeOnly = fopen('php://output', 'w');
        $count = static fn (Client $plasm): int => count($plasm->jobs->listJobs(limit: 100)->items);
        $before = $count($this->plasm);
        foreach ([$closed, $writeOnly, stream_context_create()] as $stream) {
            try {
                $this->plasm->submit(self::HELLO, ['stdin' => $stream]);
                self::fail('it was read');
            } catch (InvalidArgumentException $error) {
                self::assertStringContainsString('stream', $error->getMessage());
            }
        }
        self::assertSame($before, $count($this->plasm));
    }

    public function testTheLowLevelApiStaysInReach(): void
    {
        $jobId = $this->plasm->submit(self::HELLO);
        $this->plasm->wait($jobId);
        self::assertSame($jobId, $this->plasm->jobs->getJob($jobId)->id);
        self::assertSame($jobId, $this->plasm->jobs->listJobs(JobState::SUCCEEDED, limit: 1)->items[0]->id);
        $digest = 'sha256:' . hash_file('sha256', self::HELLO);
        self::assertSame($digest, $this->plasm->modules->getModule($digest)->digest);
        self::assertSame((string) file_get_contents(self::HELLO), $this->plasm->modules->getModuleContent($digest));
        self::assertSame([], $this->plasm->peers());
        self::assertSame($this->plasm->node()->peerId, $this->plasm->node->getNode()->peerId);
    }
}

<?php

declare(strict_types=1);

namespace Plasm;

use Plasm\Exception\ReceiptException;
use Plasm\Generated\Api\JobsApi;
use Plasm\Generated\Model\ReceiptCheck;
use Plasm\Generated\Model\Verification;
use Plasm\Http\Request;
use Plasm\Http\RequestOptions;
use Plasm\Http\Transport;
use Plasm\Phase\Invalid;
use Plasm\Phase\SignedRequest;
use Plasm\Phase\Verifier;

/** Holds a job's receipt against what this client sent and received, and against the request that the node signed. */
final class JobVerifier
{
    public function __construct(private readonly Transport $transport, private readonly Evidence $evidence)
    {
    }

    /** The envelope of a job's receipt, or of its request, byte for byte. */
    public function envelope(string $jobId, string $what = 'receipt'): string
    {
        $request = new Request('GET', "/v1/jobs/{id}/$what", 'application/json', idempotent: true);
        return $this->transport->send($request->path('id', $jobId))->body;
    }

    /**
     * @param array<string, mixed> $expected by the names of Verifier::EXPECTED
     * @throws ReceiptException where the node asked for something else than it was told to
     */
    public function verify(string $jobId, array $expected): Verification
    {
        $receipt = $this->envelope($jobId);
        $request = $this->request($jobId);
        $expected += ['stdout' => $this->digestOf($jobId, 'stdout'), 'stderr' => $this->digestOf($jobId, 'stderr')];
        $verification = Verifier::verify($receipt, $expected + [
            'request' => $request->digest, 'submitter' => $request->submitter, 'jobId' => $jobId,
            'nonce' => $request->manifest['nonce'], 'module' => $request->manifest['module'],
            'args' => $request->manifest['args'] ?? '', 'env' => $request->manifest['env'] ?? '',
            'stdin' => $request->manifest['stdin']['digest'],
        ]);
        return $verification->verdict === Verification::VERDICT_VALID ? self::ofTask($verification, $receipt, $request) : $verification;
    }

    /** @throws ReceiptException */
    private function request(string $jobId): SignedRequest
    {
        try {
            $request = SignedRequest::open($this->envelope($jobId, 'request'));
        } catch (Invalid $error) {
            throw new ReceiptException("Cannot verify the receipt of job \"$jobId\": {$error->getMessage()}");
        }
        $sent = $this->evidence->sentFor($jobId);
        $difference = match (true) {
            $request->jobId !== $jobId => "jobId is \"$request->jobId\"",
            !$request->asksWhereItWasPlaced() => "executor is \"$request->executor\"",
            $sent === null => null,
            default => $request->differsFrom($sent),
        };
        return $difference === null
            ? $request
            : throw new ReceiptException("The node asked for something else than it was told to in job \"$jobId\": $difference");
    }

    /** The last look: limits, capabilities, seed and profile are in the claim, and in no check of the protocol's own. */
    private static function ofTask(Verification $verification, string $receipt, SignedRequest $request): Verification
    {
        $difference = $verification->executor === $request->executor
            ? $request->differsFromClaim(Phase\Statement::ofEnvelope($receipt)->claim())
            : "executor is $verification->executor, and $request->executor was asked";
        if ($difference === null) {
            return $verification;
        }
        return new Verification(
            verdict: Verification::VERDICT_INVALID,
            checks: [...$verification->checks, new ReceiptCheck('task', ReceiptCheck::RESULT_FAILED, $difference)],
            receiptId: $verification->receiptId,
            claimDigest: $verification->claimDigest,
            executor: $verification->executor,
        );
    }

    /** Of what came back before, else of what comes now. */
    private function digestOf(string $jobId, string $stream): string
    {
        $known = $this->evidence->receivedFor($jobId)[$stream] ?? null;
        if ($known !== null) {
            return $known;
        }
        $hash = hash_init('sha256');
        $options = new RequestOptions(sink: static fn (string $bytes) => hash_update($hash, $bytes));
        $jobs = new JobsApi($this->transport);
        $stream === 'stdout' ? $jobs->getJobOutput($jobId, options: $options) : $jobs->getJobStderr($jobId, options: $options);
        return 'sha256:' . hash_final($hash);
    }
}

<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Api;

use Plasm\Generated\Model;
use Plasm\Http\{Request, RequestOptions, Transport};

/** Every method throws \Plasm\Exception\PlasmException. */
final class ReceiptsApi
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Get the signed execution receipt of a job
     * @param string $id The job
     */
    public function getJobReceipt(
        string $id,
        ?RequestOptions $options = null,
    ): Model\Envelope {
        $request = (new Request('GET', '/v1/jobs/{id}/receipt', 'application/json', idempotent: true))
            ->path('id', $id)
            ->with($options);
        return Model\Envelope::fromWire($this->transport->send($request)->json());
    }

    /**
     * Get the signed request that the receipt answers
     * @param string $id The job
     */
    public function getJobRequest(
        string $id,
        ?RequestOptions $options = null,
    ): Model\Envelope {
        $request = (new Request('GET', '/v1/jobs/{id}/request', 'application/json', idempotent: true))
            ->path('id', $id)
            ->with($options);
        return Model\Envelope::fromWire($this->transport->send($request)->json());
    }

    /**
     * Get the receipts of all replicas of a job
     * @param string $id The job
     */
    public function listJobReceipts(
        string $id,
        ?RequestOptions $options = null,
    ): Model\ReceiptList {
        $request = (new Request('GET', '/v1/jobs/{id}/receipts', 'application/json', idempotent: true))
            ->path('id', $id)
            ->with($options);
        return Model\ReceiptList::fromWire($this->transport->send($request)->json());
    }

    /**
     * Check a receipt
     * @param \Plasm\Generated\Model\VerifyRequest $verifyRequest
     */
    public function verifyReceipt(
        \Plasm\Generated\Model\VerifyRequest $verifyRequest,
        ?RequestOptions $options = null,
    ): Model\Verification {
        $request = (new Request('POST', '/v1/receipts/verify', 'application/json', idempotent: true))
            ->json($verifyRequest)
            ->with($options);
        return Model\Verification::fromWire($this->transport->send($request)->json());
    }
}

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Stands in for Multicall3 on the local chain
/// @notice Public chains carry Multicall3 at 0xcA11bde05977b3631167028862bE2a173976CA11. The local chain does not, so
/// the code of this contract is set at that address (`anvil_setCode`). It answers to the part of Multicall3's
/// interface that this project uses, and is a work of its own. Without storage, because set code has no constructor.
contract LocalMulticall3 {
    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    struct Result {
        bool success;
        bytes returnData;
    }

    /// Runs the calls in order. One that fails undoes only itself where `allowFailure` is set, everything otherwise.
    function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory returnData) {
        returnData = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            Call3 calldata each = calls[i];
            (bool success, bytes memory answer) = each.target.call(each.callData);
            require(success || each.allowFailure, "Multicall3: call failed");
            returnData[i] = Result(success, answer);
        }
    }

    function getBlockNumber() external view returns (uint256) {
        return block.number;
    }

    function getCurrentBlockTimestamp() external view returns (uint256) {
        return block.timestamp;
    }

    function getEthBalance(address account) external view returns (uint256) {
        return account.balance;
    }

    function getChainId() external view returns (uint256) {
        return block.chainid;
    }

    function getBasefee() external view returns (uint256) {
        return block.basefee;
    }
}

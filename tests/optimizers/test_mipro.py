import pytest
from optimizers.contract import OptimizerContract

from dspnb.optimizers import MIPROv2


class TestMIPROv2(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return MIPROv2(
            auto=None,
            num_candidates=4,
            num_trials=5,
            max_bootstrapped_demos=2,
            max_labeled_demos=2,
            minibatch_size=2,
            minibatch_full_eval_steps=2,
            view_data_batch_size=5,
        )

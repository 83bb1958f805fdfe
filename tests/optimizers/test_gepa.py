import pytest
from optimizers.contract import OptimizerContract

from dspnb.optimizers import GEPA


class TestGEPA(OptimizerContract):
    @pytest.fixture(params=["pareto", "current_best", "epsilon_greedy", "top_k_pareto"])
    def optimizer(self, request):
        return GEPA(max_metric_calls=90, candidate_selection_strategy=request.param)


class TestGEPAOnAllPredictors(OptimizerContract):
    @pytest.fixture
    def optimizer(self):
        return GEPA(max_full_evals=5, component_selector="all")

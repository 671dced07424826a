"""The model under MLServer, which gathers requests for 5 ms into batches of up to 64."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from tests.bench.peers.registered import Registered


class Classifier(MLModel):
    async def load(self) -> bool:
        self.model = Registered()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        answers = self.model.answers(StringCodec.decode_input(payload.inputs[0]))
        labels = StringCodec.encode_output("label", [answer["label"] for answer in answers])
        scores = NumpyCodec.encode_output("score", np.array([answer["score"] for answer in answers]))
        return InferenceResponse(model_name=self.name, outputs=[labels, scores])

"""What can go wrong with data sets, trainings and models.

TenantError
└── ClassifierError
    ├── DatasetNotReady    it is still being read, or was rejected
    └── ModelNotReady      it has no version that could answer
"""

from tenants.errors import TenantError


class ClassifierError(TenantError):
    code = "conflict"


class DatasetNotReady(ClassifierError):
    pass


class ModelNotReady(ClassifierError):
    pass

"""A model: any class with scikit-learn's methods, or a function that returns such an estimator."""

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def blobs(shrinkage: float = 0.5) -> Pipeline:
    """Return classes as Gaussian blobs of one shape."""
    return make_pipeline(
        StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
    )
